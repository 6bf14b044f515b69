// Every case, in the order of its number: 301 that need no extension, 216 that need compression.
import type { Case } from "./case.ts";
import { closes } from "./cases/closing.ts";
import { compression } from "./cases/compression.ts";
import { control } from "./cases/control.ts";
import { fragmentation } from "./cases/fragmentation.ts";
import { framing } from "./cases/framing.ts";
import { limits } from "./cases/limits.ts";
import { text } from "./cases/utf8.ts";

export const withoutExtension: readonly Case[] = [
  ...framing,
  ...control,
  ...fragmentation,
  ...text,
  ...closes,
  ...limits,
];

export const withCompression: readonly Case[] = compression;

/** The first part of a case's number. */
export const groupOf = ({ id }: Pick<Case, "id">): string => id.slice(0, id.indexOf("."));

export const groups: readonly (readonly [number: string, about: string])[] = [
  ["1", "framing"],
  ["2", "pings and pongs"],
  ["3", "reserved bits"],
  ["4", "opcodes"],
  ["5", "fragmentation"],
  ["6", "UTF-8"],
  ["7", "closing"],
  ["9", "limits and round trips"],
  ["10", "automatic fragmentation"],
  ["12", "compression, by data"],
  ["13", "compression, by offer"],
];
