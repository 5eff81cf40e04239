// Sets light or dark before the first paint: the visitor's choice, or else the system's.
try {
  const chosen = localStorage.getItem("colour-scheme");
  const isDark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", isDark ? "dark" : "light");
} catch {
  // Storage is closed in some private windows; the page then starts light.
}
