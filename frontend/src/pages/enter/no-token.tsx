/** Said where a page is opened without the link that it is for. */
export function NoToken() {
  return <p>This page belongs to a link in a letter. Open the link itself; parts of it may have been lost on the way.</p>;
}
