// Harbor's mark: two waves.
export function Mark({ className = "size-7" }: { readonly className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className={className}>
      <rect width="32" height="32" rx="9" className="fill-accent" />
      <path
        d="M6.5 13.2c2.4 0 2.4 2 4.75 2s2.4-2 4.75-2 2.4 2 4.75 2 2.4-2 4.75-2M6.5 19.2c2.4 0 2.4 2 4.75 2s2.4-2 4.75-2 2.4 2 4.75 2 2.4-2 4.75-2"
        className="stroke-on-accent"
        fill="none"
        strokeWidth="2.4"
        strokeLinecap="round"
      />
    </svg>
  );
}
