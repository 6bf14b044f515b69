// What everybody sees of the judge: the leaders and the line.
import { useLatest } from "@tidewire/react";
import { judgeNews, type News } from "../../../contract/judge.ts";

type Leaders = Extract<News, { kind: "leaders" }>;
type Line = Extract<News, { kind: "line" }>;

export interface JudgeNews {
  /** `undefined` while they are not known. */
  readonly leaders: Leaders | undefined;
  readonly line: Line | undefined;
  readonly isStale: boolean;
}

export function useJudgeNews(): JudgeNews {
  const { table, isStale } = useLatest(judgeNews);
  const [leaders, line] = [table.get("leaders")?.data, table.get("line")?.data];
  return {
    leaders: leaders?.kind === "leaders" ? leaders : undefined,
    line: line?.kind === "line" ? line : undefined,
    isStale,
  };
}
