/**
 * Takes out of an issue what tells its price or its end: `[$1000]`, `[$250 - $500]`, `[HOLD for payment 2023-06-01]`, `[PAID]` in titles, an amount in parentheses at
 * either end of them, the job posting's block below the text. Other amounts in titles are what the issue is about. Pure.
 */

/** Bounded, so that a title without a closing bracket costs no more than its length. */
const ANY = String.raw`[^[\]]{0,120}`;
const IN_BRACKETS = [
  String.raw`${ANY}\$\s{0,9}\d${ANY}`,
  String.raw`\s{0,9}(?:hold|paid|awaiting|waiting on|need checklist)\b${ANY}`,
  String.raw`${ANY}\b(?:payment (?:due|pending|issued|made|sent|on|date)|(?:due|pending|ready) for payment)\b${ANY}`,
];
const TITLE_MARKS = new RegExp(String.raw`\[(?:${IN_BRACKETS.join('|')})\]\s{0,9}`, 'gi');
const AMOUNT = String.raw`\(\s{0,9}\$\s{0,9}\d[\d,.]{0,20}(?:\s{0,9}USD)?\s{0,9}\)`;
const AMOUNT_AT_END = new RegExp(`^${AMOUNT}|${AMOUNT}$`, 'gi');
const POSTING = /<details>\s*<summary>Upwork Automation[\s\S]*?<\/details>/g;

export function blindTitle(title: string): string {
  return title.replace(TITLE_MARKS, '').trim().replace(AMOUNT_AT_END, '').trim();
}

export function blindDescription(description: string): string {
  return description.replace(POSTING, '').trim();
}
