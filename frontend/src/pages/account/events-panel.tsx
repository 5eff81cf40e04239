import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { instant, toSeconds } from "@/format/time";
import { Panel } from "@/parts/panel";
import { Scroll } from "@/parts/scroll";
import { Failure, Loading } from "@/parts/states";
import { actionWords } from "./action-words.ts";
import { eventsQuery } from "./queries.ts";

/** What one did, and what was done to one's account. */
export function EventsPanel() {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(eventsQuery);
  const events = data?.pages.flatMap((page) => page.events) ?? [];
  return (
    <Panel title="What happened">
      {error !== null ? (
        <Failure what="Your events" error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading height={200} />
      ) : (
        <>
          <Scroll label="What happened to your account">
            <table>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">What</th>
                  <th scope="col">From</th>
                  <th scope="col">Result</th>
                </tr>
              </thead>
              <tbody>
                {events.map(({ seq, at, action, network, result }) => (
                  <tr key={seq}>
                    <td>{instant(toSeconds(at))}</td>
                    <td>{actionWords(action)}</td>
                    <td>{network ?? "–"}</td>
                    <td>{result}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
          {hasNextPage && (
            <Button variant="default" mt="md" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              Show earlier ones
            </Button>
          )}
        </>
      )}
    </Panel>
  );
}
