// Times as people say them.
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const tenths = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 1,
  hourCycle: "h23",
});
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const dayAndMonth = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const fullDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });

const dayMs = 86_400_000;

export function timeOf(atMs: number): string {
  return time.format(atMs);
}

/** Hours and minutes alone, for narrow places where the whole time stands beside. */
export function shortTime(atMs: number): string {
  const parts = time.formatToParts(atMs).filter(({ type }) => type === "hour" || type === "minute");
  return parts.map(({ value }) => value).join(":");
}

/** As logs write it, to the second. */
export function timeWithSeconds(atMs: number): string {
  return clock.format(atMs);
}

/** The same with tenths, where one second has several things in it. */
export function timeWithTenths(atMs: number): string {
  return tenths.format(atMs);
}

export function exactTime(atMs: number): string {
  return exact.format(atMs);
}

/** Today, Yesterday, a weekday of this week, or the date. */
export function dayName(atMs: number, nowMs: number): string {
  const days = Math.round((startOfDay(nowMs) - startOfDay(atMs)) / dayMs);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days > 1 && days < 7) return weekday.format(atMs);
  return new Date(atMs).getFullYear() === new Date(nowMs).getFullYear()
    ? dayAndMonth.format(atMs)
    : fullDay.format(atMs);
}

/** The same within a sentence. */
export function dayInSentence(atMs: number, nowMs: number): string {
  const name = dayName(atMs, nowMs);
  return name === "Today" || name === "Yesterday" ? name.toLowerCase() : name;
}

/** As in "4 s", "3 min", "2 h". */
export function spanOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

function startOfDay(atMs: number): number {
  return new Date(atMs).setHours(0, 0, 0, 0);
}
