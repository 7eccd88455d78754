import type { ReactNode } from 'react';

interface FilterBarProps<Choice extends string> {
  /** Before the fields. */
  title?: ReactNode;
  choices: readonly (readonly [key: Choice, words: string])[];
  choice: Choice;
  onChoice: (choice: Choice) => void;
  /** What is chosen, for who does not see the field. */
  choiceLabel: string;
  text: string;
  onText: (text: string) => void;
  textLabel: string;
  placeholder?: string;
  /** More fields, behind those two. */
  children?: ReactNode;
  /** How much is left of what was there. */
  status: ReactNode;
}

/** A kind to choose and a text to look for, above a list that shows what has both. */
export function FilterBar<Choice extends string>(props: FilterBarProps<Choice>) {
  const { choices, choice, onChoice, text, onText, textLabel } = props;
  return (
    <div className="bar">
      {props.title}
      <select
        aria-label={props.choiceLabel}
        value={choice}
        onChange={(event) => onChoice(event.target.value as Choice)}
      >
        {choices.map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
      <input
        type="search"
        aria-label={textLabel}
        placeholder={props.placeholder ?? textLabel}
        value={text}
        onChange={(event) => onText(event.target.value)}
      />
      {props.children}
      <span className="quiet" role="status">
        {props.status}
      </span>
    </div>
  );
}
