/** `1 attempt`, `2 attempts`, `3 repositories`. `more`: the word for several where it is not the word with an s. */
export function counted(count: number, word: string, more = `${word}s`): string {
  return `${count} ${count === 1 ? word : more}`;
}
