// Who is typing, in one line that is always there, so that nothing moves when somebody begins.
export function TypingLine({ names }: { readonly names: readonly string[] }) {
  return (
    <p aria-live="polite" className="h-5 min-w-0 flex-1 truncate text-xs text-soft">
      {names.length > 0 && (
        <>
          <span aria-hidden className="typing-dots mr-1.5" />
          <Names names={names} />
        </>
      )}
    </p>
  );
}

function Names({ names }: { readonly names: readonly string[] }) {
  const [first, second] = names;
  if (names.length === 1)
    return (
      <>
        <bdi>{first}</bdi> is typing
      </>
    );
  if (names.length === 2)
    return (
      <>
        <bdi>{first}</bdi> and <bdi>{second}</bdi> are typing
      </>
    );
  return <>{names.length} people are typing</>;
}
