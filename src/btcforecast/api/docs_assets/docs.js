// Sends what a form says and shows what comes back.
const LONGEST = 20_000;

function address(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const field of form.querySelectorAll("[data-in]")) {
    if (field.value === "") continue;
    if (field.dataset.in === "path") path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
    if (field.dataset.in === "query") query.set(field.name, field.value);
  }
  return query.size ? `${path}?${query}` : path;
}

async function show(form) {
  const output = form.querySelector("output");
  const url = address(form);
  const shown = document.createElement("pre");
  output.replaceChildren(`GET ${url} …`);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 10_000);
  try {
    const answer = await fetch(url, { signal: stop.signal });
    const kind = answer.headers.get("content-type") ?? "";
    let text = kind.includes("event-stream") ? "(events arrive here; open the address itself to watch them)" : "";
    if (text) stop.abort();
    else text = /json|text/.test(kind) ? await answer.text() : `(${(await answer.arrayBuffer()).byteLength} bytes of ${kind})`;
    if (kind.includes("json")) text = JSON.stringify(JSON.parse(text), null, 1);
    shown.textContent = text.length > LONGEST ? `${text.slice(0, LONGEST)}\n…` : text;
    output.replaceChildren(`GET ${url} → ${answer.status}`, shown);
  } catch (error) {
    output.replaceChildren(`GET ${url} failed: ${error.message}`);
  } finally {
    clearTimeout(timer);
  }
}

for (const form of document.querySelectorAll("form[data-path]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void show(form);
  });
}
