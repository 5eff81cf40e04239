import { Empty } from "@/parts/states";

/** Said to somebody whose role does not reach here. */
export function NotForYou({ needs }: { readonly needs: string }) {
  return <Empty title="This is not for your role">It needs {needs}. Ask an administrator if you should have it.</Empty>;
}
