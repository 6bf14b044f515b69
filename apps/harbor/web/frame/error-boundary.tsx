// Catches what breaks while the page is drawn, and says so instead of leaving it blank.
import { Component, type ReactNode } from "react";
import { ErrorNote } from "./error-note.tsx";

interface Caught {
  readonly error: unknown;
}

/** A class, since React has no other way to catch what its children throw. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, Caught> {
  override state: Caught = { error: null };

  static getDerivedStateFromError(error: unknown): Caught {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <main className="flex h-full">
        <ErrorNote
          what="This page broke."
          why="What you wrote and did not send yet is kept. Reloading brings it back."
          action="Reload"
          onAction={() => location.reload()}
        />
      </main>
    );
  }
}
