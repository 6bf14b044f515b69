// What the user has to change before a project can be made.

/** Its message says what was expected and what came; nothing has been written. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}
