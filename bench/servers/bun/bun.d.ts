// The few names of Bun that its server uses; the program alone runs on it.

declare module "bun:ffi" {
  export function dlopen<Symbols extends Readonly<Record<string, object>>>(
    library: string,
    symbols: Symbols,
  ): { readonly symbols: { readonly [Name in keyof Symbols]: (...args: readonly unknown[]) => number } };
  export function ptr(bytes: ArrayBufferView): number;
}

declare const Bun: {
  serve(options: {
    readonly hostname: string;
    readonly port: number;
    fetch(request: Request, server: BunServer): Response | undefined;
    readonly websocket: {
      open(socket: { subscribe(name: string): void }): void;
      message(): void;
    };
  }): BunServer & { readonly port: number };
  gc(force: boolean): void;
};

interface BunServer {
  upgrade(request: Request): boolean;
  publish(name: string, data: string): number;
}
