import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "@/api/client";

/** What is possible here: signing up, letters. */
export const loginOptionsQuery = queryOptions({
  queryKey: ["login-options"],
  queryFn: () => answer(api.GET("/v1/auth/options")),
});
