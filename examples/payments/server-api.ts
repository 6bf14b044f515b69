// The server API, for workers in processes of their own.
export type ServerApi = (method: "publish" | "history", params: object) => Promise<Readonly<Record<string, unknown>>>;

const answerMs = 5_000;

/** @throws whatever goes wrong: a job that asked is tried again. */
export function serverApi(port: number, key: string): ServerApi {
  return async (method, params) => {
    const response = await fetch(`http://localhost:${port}/api/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": key },
      body: JSON.stringify(params),
      signal: AbortSignal.timeout(answerMs),
    });
    const { result, error } = (await response.json()) as Readonly<Record<string, unknown>>;
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result as Readonly<Record<string, unknown>>;
  };
}
