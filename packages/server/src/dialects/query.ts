// The query of a request's target, whatever its path is.

/** Never throws: a target is what somebody else wrote, and need not be an address. */
export function queryOf(target: string): URLSearchParams {
  const [address = ""] = target.split("#", 1);
  const at = address.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : address.slice(at + 1));
}
