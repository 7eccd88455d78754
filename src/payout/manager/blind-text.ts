/** Takes out of an issue what tells its price or its end: `[$1000]`, `[HOLD for payment 2023-06-01]`, `[PAID]` in titles, the job posting's block below the text. Pure. */

const TITLE_MARKS = /\[(?:\$[\d,.]+|(?:hold|paid|awaiting|waiting on|need checklist)\b[^\]]*)\]\s*/gi;
const POSTING = /<details>\s*<summary>Upwork Automation[\s\S]*?<\/details>/g;

export function blindTitle(title: string): string {
  return title.replace(TITLE_MARKS, '').trim();
}

export function blindDescription(description: string): string {
  return description.replace(POSTING, '').trim();
}
