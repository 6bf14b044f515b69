// The judge: programs that people hand in for small problems, what comes of them, and who has solved how many.
import { defineCall, defineChannel, defineJob } from "@tidewire/protocol";
import { z } from "zod";
import { author } from "./person.ts";

export const language = z.enum(["javascript", "typescript"]);
export type Language = z.infer<typeof language>;

/** What every test may use. */
export const judgeLimits = { timeMs: 1_000, memoryBytes: 67_108_864, outputLength: 65_536 } as const;

export const maxSourceLength = 32_768;
/** UTF-16 units of what a program said that are shown and kept. */
export const maxLogLength = 16_384;
/** Programs of one person that wait or run. */
export const mostUnfinished = 3;

const problemId = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

/** How a test ended. `unseen`: it was not run, after one that used up its time. */
export const testVerdict = z.enum(["passed", "wrong", "error", "time", "memory", "output", "crashed", "unseen"]);
export type TestVerdict = z.infer<typeof testVerdict>;

export const testRow = z.object({
  /** From 1. */
  test: z.int().min(1),
  verdict: testVerdict,
  /** Of the processor. */
  ms: z.int().min(0),
  /** Beyond what the language itself needs. */
  kb: z.int().min(0),
  /** What was thrown, or, of a test that is shown, what came instead of the answer. */
  note: z.string().max(1_200),
});
export type TestRow = z.infer<typeof testRow>;

/** `refused`: it cannot be read. `lost`: the judge itself failed, again and again. */
export const verdict = z.enum(["accepted", ...testVerdict.exclude(["passed", "unseen"]).options, "refused", "lost"]);
export type Verdict = z.infer<typeof verdict>;

export const judged = z.object({
  verdict,
  passed: z.int().min(0),
  tests: z.int().min(0),
  /** Of the slowest test, and of the largest. */
  ms: z.int().min(0),
  kb: z.int().min(0),
  /** Why it could not be read; "" otherwise. */
  message: z.string().max(1_200),
});
export type Judged = z.infer<typeof judged>;

export const judgeStep = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("testing"), test: z.int().min(1), tests: z.int().min(1) }),
  z.object({ kind: z.literal("said"), text: z.string() }),
  z.object({ kind: z.literal("tested"), row: testRow }),
]);
export type JudgeStep = z.infer<typeof judgeStep>;

/** What has happened since it was told last, in order. */
export const judgeProgress = z.array(judgeStep).min(1);
export type JudgeProgress = z.infer<typeof judgeProgress>;

/** Done by workers. The program is in the database, under the submission's number. */
export const judgeRun = defineJob("judge.run", {
  input: z.object({ submission: z.int().min(1) }),
  progress: judgeProgress,
  output: judged,
});

export const submission = z.object({
  id: z.int().min(1),
  problem: problemId,
  language,
  atMs: z.int(),
  /** Whose channel tells of it. */
  job: z.string(),
  /** `null` while it waits or runs. */
  judged: judged.nullable(),
});
export type Submission = z.infer<typeof submission>;

/** Hands a program in. The same nonce again is the same submission. @throws `limit_exceeded` while three of the caller's wait. */
export const submitProgram = defineCall("judge.submit", {
  input: z.object({
    problem: problemId,
    language,
    source: z.string().min(1, "a program has at least one letter").max(maxSourceLength),
    nonce: z.string().min(8).max(64),
  }),
  output: submission,
});

/** The caller's own, newest first. */
export const listSubmissions = defineCall("judge.list", {
  input: z.object({}),
  output: z.object({ submissions: z.array(submission) }),
});

/** One of the caller's own, with everything that is kept of it. @throws `bad_request` for one that is not. */
export const readSubmission = defineCall("judge.read", {
  input: z.object({ id: z.int().min(1) }),
  output: submission.extend({ source: z.string(), rows: z.array(testRow), log: z.string() }),
});
export type WholeSubmission = Submission & { readonly source: string; readonly rows: TestRow[]; readonly log: string };

export const leader = author.extend({
  solved: z.int().min(1),
  /** When the last one of these was solved first. */
  atMs: z.int(),
});
export type Leader = z.infer<typeof leader>;

export const mostLeaders = 20;
/** Submissions in the line that are named; those behind them are counted. */
export const mostInLine = 100;

/** What everybody sees of the judge: who leads, and which submissions wait, in their order. */
export const news = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("leaders"), leaders: z.array(leader).max(mostLeaders) }),
  z.object({ kind: z.literal("line"), waiting: z.array(z.int()).max(mostInLine), behind: z.int().min(0) }),
]);
export type News = z.infer<typeof news>;

export const judgeNews = defineChannel("judge-news", {
  mode: "latest",
  data: news,
  key: ({ kind }) => kind,
  publishers: "server",
});
