// Which seat this page sits on. Pages below /seat/2 to /seat/9 are other people in the same browser.
const found = /^\/seat\/([2-9])(?=\/|$)/.exec(location.pathname);

export const seat = found === null ? 1 : Number(found[1]);

/** What every address of this page begins with. */
export const base = seat === 1 ? "" : `/seat/${seat}`;

/** Whether this page is shown inside another one of ours, as the second guest is. */
export const isFramed = window.parent !== window;

/** An address of the server, for this seat. */
export function forSeat(path: string): string {
  return seat === 1 ? path : `${path}?seat=${seat}`;
}
