import { useEffect, useState } from "react";

/** The present in Unix seconds, renewed every so many seconds. */
export function useNow(everySeconds = 1): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = window.setInterval(() => {
      setNow(Date.now() / 1000);
    }, everySeconds * 1000);
    return () => {
      window.clearInterval(timer);
    };
  }, [everySeconds]);
  return now;
}
