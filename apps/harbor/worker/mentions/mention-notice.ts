// What somebody is told who was mentioned.
import type { ChatMessage } from "../../contract/chat.ts";
import type { Notice } from "../notices/sender.ts";

const longestQuote = 1_000;

export function mentionNotice(
  { id, author, room, text, atMs }: ChatMessage,
  to: Notice["to"],
  roomName: string,
): Notice {
  const characters = Array.from(text);
  const quoted = characters.length > longestQuote ? `${characters.slice(0, longestQuote).join("")}…` : text;
  const lines = quoted.split("\n").map((line) => `> ${line}`);
  return {
    // One message may mention several people, and each of them gets one of their own.
    id: `${id}.${to.id}`,
    to,
    subject: `${author.name} mentioned you in ${roomName}`,
    text: `${author.name} wrote in ${roomName}:\n\n${lines.join("\n")}\n\nYou were away. In Harbor it waits for you.`,
    path: `/chat/${room}`,
    atMs,
  };
}
