// What a channel's name says about who may read it, where tokens are configured: the forms that Centrifuge users know.

/** `$name` and `ns:$name`: never without a subscription token. */
export function isPrivate(channel: string): boolean {
  return channel.startsWith("$") || channel.slice(channel.indexOf(":") + 1).startsWith("$");
}

/** `ns:x#1,2`: without a token these users alone; `null`: the name lists none. */
export function listedUsers(channel: string): readonly string[] | null {
  const at = channel.lastIndexOf("#");
  return at < 0 ? null : channel.slice(at + 1).split(",");
}

/** Whether the name keeps `user` out who has no token for it. A guest is on no list. */
export function isKeptOut(channel: string, user: string): boolean {
  if (isPrivate(channel)) return true;
  const users = listedUsers(channel);
  return users !== null && (user === "" || !users.includes(user));
}
