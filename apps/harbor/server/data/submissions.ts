// Programs that were handed in, in the database: in the line, judged, and who has solved how many problems.
import { fail } from "@tidewire/protocol";
import {
  judged,
  type Judged,
  type Language,
  type Leader,
  mostInLine,
  mostLeaders,
  mostUnfinished,
  type Submission,
  testRow,
  type TestRow,
  type WholeSubmission,
} from "../../contract/judge.ts";
import type { Database, SubmissionRow } from "./schema.ts";

export interface NewSubmission {
  readonly guest: string;
  readonly problem: string;
  readonly language: Language;
  readonly source: string;
  readonly nonce: string;
  /** Of the job that is going to judge it. */
  readonly job: string;
}

/** As many as one person's page shows; older ones stay in the database for the leaders' sake. */
const mostListed = 50;

/**
 * Keeps a program. The same person and nonce again give the one that is there already.
 * @throws {TidewireError} `conflict` for a nonce used for another program, `limit_exceeded` while too many are unfinished.
 */
export async function keepSubmission(db: Database, given: NewSubmission): Promise<Submission> {
  return await db.transaction().execute(async (tx) => {
    const before = await tx
      .selectFrom("submissions")
      .selectAll()
      .where("guest", "=", given.guest)
      .where("nonce", "=", given.nonce)
      .executeTakeFirst();
    if (before !== undefined) {
      const { problem, language, source } = before;
      if (problem === given.problem && language === given.language && source === given.source)
        return submissionFrom(before);
      fail("conflict", "this nonce was used for another program");
    }
    const { count } = await tx
      .selectFrom("submissions")
      .select((row) => row.fn.countAll<number>().as("count"))
      .where("guest", "=", given.guest)
      .where("verdict", "is", null)
      .executeTakeFirstOrThrow();
    if (count >= mostUnfinished)
      fail("limit_exceeded", `${count} of your programs are not judged yet; hand in the next one after that`);
    const row = await tx
      .insertInto("submissions")
      .values({ ...given, ...unjudged, at_ms: Date.now() })
      .returningAll()
      .executeTakeFirstOrThrow();
    return submissionFrom(row);
  });
}

const unjudged = { begun_at_ms: null, verdict: null, judged: "", rows: "[]", log: "" } as const;

export async function findSubmission(
  db: Database,
  id: number,
): Promise<(WholeSubmission & { readonly guest: string }) | null> {
  const row = await db.selectFrom("submissions").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) return null;
  const rows = testRow.array().parse(JSON.parse(row.rows));
  return { ...submissionFrom(row), guest: row.guest, source: row.source, rows, log: row.log };
}

/** Newest first. */
export async function submissionsOf(db: Database, guest: string): Promise<readonly Submission[]> {
  const rows = await db
    .selectFrom("submissions")
    .selectAll()
    .where("guest", "=", guest)
    .orderBy("id", "desc")
    .limit(mostListed)
    .execute();
  return rows.map(submissionFrom);
}

/** Takes a program out of the line. */
export async function beginSubmission(db: Database, id: number): Promise<void> {
  await db
    .updateTable("submissions")
    .set({ begun_at_ms: Date.now() })
    .where("id", "=", id)
    .where("begun_at_ms", "is", null)
    .execute();
}

export interface Outcome {
  readonly judged: Judged;
  readonly rows: readonly TestRow[];
  readonly log: string;
}

/** Keeps what came of a program, once: of two workers that both believe they judge it, the first one's word counts. */
export async function endSubmission(db: Database, id: number, outcome: Outcome): Promise<void> {
  const { verdict } = outcome.judged;
  const [judgedText, rows] = [JSON.stringify(outcome.judged), JSON.stringify(outcome.rows)];
  await db
    .updateTable("submissions")
    .set({ verdict, judged: judgedText, rows, log: outcome.log })
    .where("id", "=", id)
    .where("verdict", "is", null)
    .execute();
}

/** Programs that wait, in their order; those behind the first hundred are counted. */
export async function readLine(db: Database): Promise<{ readonly waiting: number[]; readonly behind: number }> {
  const waiting = db.selectFrom("submissions").where("verdict", "is", null).where("begun_at_ms", "is", null);
  const rows = await waiting.select("id").orderBy("id").limit(mostInLine).execute();
  if (rows.length < mostInLine) return { waiting: rows.map(({ id }) => id), behind: 0 };
  const { count } = await waiting.select((row) => row.fn.countAll<number>().as("count")).executeTakeFirstOrThrow();
  return { waiting: rows.map(({ id }) => id), behind: Math.max(0, count - rows.length) };
}

/** Who has solved most; of equals, who was there first. */
export async function readLeaders(db: Database): Promise<Leader[]> {
  const solved = db
    .selectFrom("submissions")
    .select(["guest", "problem"])
    .select((row) => row.fn.min("at_ms").as("at_ms"))
    .where("verdict", "=", "accepted")
    .groupBy(["guest", "problem"]);
  const rows = await db
    .selectFrom(solved.as("solved"))
    .innerJoin("guests", "guests.id", "solved.guest")
    .select(["guests.id", "guests.name"])
    .select((row) => [row.fn.countAll<number>().as("count"), row.fn.max("solved.at_ms").as("last_ms")])
    .groupBy(["guests.id", "guests.name"])
    .orderBy("count", "desc")
    .orderBy("last_ms")
    .orderBy("guests.id")
    .limit(mostLeaders)
    .execute();
  return rows.map(({ id, name, count, last_ms }) => ({ id, name, solved: count, atMs: last_ms }));
}

/** Programs that were handed in before `keptBeforeMs` and not judged, oldest first. */
export async function unfinishedSubmissions(
  db: Database,
  keptBeforeMs: number,
): Promise<readonly { readonly id: number; readonly guest: string; readonly job: string }[]> {
  return await db
    .selectFrom("submissions")
    .select(["id", "guest", "job"])
    .where("verdict", "is", null)
    .where("at_ms", "<=", keptBeforeMs)
    .orderBy("id")
    .limit(mostInLine)
    .execute();
}

function submissionFrom(row: SubmissionRow): Submission {
  const { id, problem, language, job } = row;
  const outcome = row.verdict === null ? null : judged.parse(JSON.parse(row.judged));
  return { id, problem, language, job, atMs: row.at_ms, judged: outcome };
}
