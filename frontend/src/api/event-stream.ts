/** A server-sent event stream that comes back by itself. */

export type StreamState = "connecting" | "open" | "waiting";

interface Listener {
  readonly kinds: readonly string[];
  readonly onEvent: (kind: string, data: unknown) => void;
  readonly onState: (state: StreamState) => void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Doubles from one second to thirty, with up to a quarter of chance so that many pages do not come back at once. */
export function pauseMs(failures: number, random: () => number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures) * (0.75 + 0.25 * random());
}

/**
 * Listens until the returned function is called.
 *
 * The browser resumes dropped streams by itself, with Last-Event-ID; where it gives up, as after an error status, this opens
 * the stream anew.
 */
export function listen(url: string, { kinds, onEvent, onState }: Listener): () => void {
  let source: EventSource | undefined;
  let timer: number | undefined;
  let failures = 0;

  const open = () => {
    onState("connecting");
    const opened = new EventSource(url);
    source = opened;
    opened.onopen = () => {
      failures = 0;
      onState("open");
    };
    opened.onerror = () => {
      onState("waiting");
      if (opened.readyState !== EventSource.CLOSED) return;
      timer = window.setTimeout(open, pauseMs(failures, Math.random));
      failures += 1;
    };
    for (const kind of kinds) {
      opened.addEventListener(kind, (event: MessageEvent<string>) => {
        onEvent(kind, JSON.parse(event.data));
      });
    }
  };
  open();
  return () => {
    window.clearTimeout(timer);
    source?.close();
  };
}
