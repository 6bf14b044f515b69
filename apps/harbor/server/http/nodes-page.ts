// `/nodes`: which nodes there are, how many connections each has, and which one has this page's.
import type { IncomingMessage, ServerResponse } from "node:http";

export interface NodesPageOptions {
  /** This node's name. */
  readonly here: string;
  /** What the server API says of all nodes. */
  readonly info: () => Promise<unknown>;
}

export interface NodesPage {
  /** False when the request is not for it. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  stop(): void;
}

const tellMs = 1_000;
/** Open pages; more are told to come back. */
const mostPages = 100;

const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Nodes</title><script src="/nodes/page.js" defer></script>
<h1>Nodes</h1><p id="here" role="status">connecting</p>
<table><thead><tr><th>node</th><th>clients</th><th>channels</th><th>up for</th></tr></thead><tbody id="nodes"></tbody></table>
<p>Kill the process of the node that you are on: this page and <a href="/">the chat</a> go on at another one.</p></html>
`;

const script = `const here = document.getElementById("here"), nodes = document.getElementById("nodes");
const news = new EventSource("/nodes/events");
news.onerror = () => { here.textContent = "looking for another node"; };
news.onmessage = ({ data }) => {
  const state = JSON.parse(data);
  here.textContent = "This page is served by node " + state.here + ".";
  nodes.replaceChildren(...state.nodes.map((node) => {
    const row = document.createElement("tr");
    for (const value of [node.name, node.num_clients, node.num_channels, node.uptime + " s"]) row.insertCell().textContent = value;
    return row;
  }));
};
`;

export function createNodesPage({ here, info }: NodesPageOptions): NodesPage {
  const pages = new Set<ServerResponse>();
  let isAsking = false;
  async function ask(): Promise<void> {
    const { result } = (await info()) as { readonly result?: { readonly nodes?: readonly Named[] } };
    const line = `retry: 500\ndata: ${JSON.stringify({ here, nodes: inOrder(result?.nodes ?? []) })}\n\n`;
    for (const page of pages) if (!page.writableNeedDrain) page.write(line);
  }
  function tell(): void {
    if (isAsking || pages.size === 0) return;
    isAsking = true;
    ask()
      .catch(() => {
        // The next turn tells.
      })
      .finally(() => {
        isAsking = false;
      });
  }
  const timer = setInterval(tell, tellMs);
  const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
    "/nodes": (response) => answerWith(response, "text/html", html),
    "/nodes/page.js": (response) => answerWith(response, "text/javascript", script),
    "/nodes/events": (response) => {
      if (pages.size >= mostPages) return void response.writeHead(503).end();
      response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
      pages.add(response);
      response.on("close", () => pages.delete(response));
      tell();
    },
  };
  return {
    answer(request, response) {
      const url = request.url ?? "";
      const answer = Object.hasOwn(answers, url) ? answers[url] : undefined;
      if (answer === undefined) return false;
      answer(response);
      return true;
    },
    stop() {
      clearInterval(timer);
      for (const page of pages) page.end();
    },
  };
}

interface Named {
  readonly name: string;
}

function inOrder(nodes: readonly Named[]): readonly Named[] {
  return nodes.toSorted((one, other) => one.name.localeCompare(other.name));
}

function answerWith(response: ServerResponse, type: string, text: string): void {
  response.writeHead(200, { "Content-Type": `${type}; charset=utf-8`, "Cache-Control": "no-store" }).end(text);
}
