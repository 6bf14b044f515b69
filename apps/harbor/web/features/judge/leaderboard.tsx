// Who has solved most, as it changes.
import { problems } from "../../../contract/judge-problems.ts";
import { useMe } from "../../session/session-provider.tsx";
import { Avatar } from "../../theme/avatar.tsx";
import { classNames } from "../../theme/class-names.ts";
import { exactTime } from "../../theme/words-for-time.ts";
import { useJudgeNews } from "./use-judge-news.ts";

export function Leaderboard() {
  const { leaders, isStale } = useJudgeNews();
  const me = useMe();
  return (
    <section aria-label="Leaderboard" className={classNames("px-4 pb-4", isStale && "text-soft")}>
      <h2 className="py-2 text-sm font-semibold">Leaderboard</h2>
      {leaders?.leaders.length === 0 && <p className="text-sm text-soft">Nobody has solved a problem yet.</p>}
      <ol>
        {leaders?.leaders.map(({ id, name, solved, atMs }, index) => (
          <li
            key={id}
            title={`Since ${exactTime(atMs)}`}
            className={classNames("flex h-9 items-center gap-2 text-sm", id === me.id && "font-semibold")}
          >
            <span className="figures w-4 shrink-0 text-right text-soft">{index + 1}</span>
            <Avatar id={id} name={name} small />
            <bdi className="min-w-0 flex-1 truncate">{name}</bdi>
            <span className="figures shrink-0">
              {solved}
              <span className="text-soft"> of {problems.length}</span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
