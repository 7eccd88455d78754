interface JumpBarProps {
  /** Identifiers of headings, and what they are called. */
  parts: readonly (readonly [id: string, words: string])[];
}

/** Ways to the parts of a page that stand below each other on a narrow screen. */
export function JumpBar({ parts }: JumpBarProps) {
  return (
    <nav className="jumps" aria-label="Parts of the page">
      {parts.map(([id, words]) => (
        <button key={id} type="button" onClick={() => document.getElementById(id)?.scrollIntoView({ block: 'start' })}>
          {words}
        </button>
      ))}
    </nav>
  );
}
