import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answer } from "@/api/client";
import { mine } from "@/session/client";

/** Everything of one's own begins with this, and is forgotten at the log-out. */
export const MINE = "mine";

export const meQuery = queryOptions({ queryKey: [MINE, "me"], queryFn: () => answer(mine.GET("/v1/me")) });

export const sessionsQuery = queryOptions({ queryKey: [MINE, "sessions"], queryFn: () => answer(mine.GET("/v1/me/sessions")) });

export const apiKeysQuery = queryOptions({ queryKey: [MINE, "keys"], queryFn: () => answer(mine.GET("/v1/me/keys")) });

export const usageQuery = queryOptions({ queryKey: [MINE, "usage"], queryFn: () => answer(mine.GET("/v1/me/usage")) });

export const secondFactorQuery = queryOptions({
  queryKey: [MINE, "second-factor"],
  queryFn: () => answer(mine.GET("/v1/me/second-factor")),
});

export const eventsQuery = infiniteQueryOptions({
  queryKey: [MINE, "events"],
  queryFn: ({ pageParam }) => answer(mine.GET("/v1/me/events", { params: { query: { limit: 20, ...(pageParam === null ? {} : { cursor: pageParam }) } } })),
  initialPageParam: null as string | null,
  getNextPageParam: ({ next_cursor }) => next_cursor,
});
