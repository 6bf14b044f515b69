// All attacks.
import type { Row } from "./arena.ts";
import { floods } from "./rows/floods.ts";
import { silent } from "./rows/silent.ts";

export const rows: readonly Row[] = [...silent, ...floods];
