/** The words of forms in English. */
export const forms = {
  missing: 'This is needed',
  whole: (text: string, min: number, max: number) => `A whole number from ${min} to ${max}, not “${text}”`,
  share: (text: string) => `A number from 0 to 1, not “${text}”`,
  // Entries
  entriesHint: 'One key=value a line. Quote a key or value that begins or ends with a blank, as in note=" x", and write line breaks as "\\n" in quotes.',
  entriesLine: (line: number) => `Line ${line} is not key=value`,
  entriesQuote: (line: number) => `Line ${line}: what begins with a quote must be a whole JSON string, such as "one\\ntwo"`,
  entriesTwice: (key: string) => `“${key}” is there twice`,
  // Leaving
  leaveTitle: 'Discard what you typed?',
  leaveHint: 'It is not saved, and would be lost.',
  discard: 'Discard',
  keep: 'Keep editing',
  // Two at a time
  overtaken: (revision: number) => `Somebody saved revision ${revision}: it was changed meanwhile. What you typed is kept.`,
  taken: 'These are theirs now, as you did not touch them:',
  bothChanged: (count: number) => (count === 1 ? 'One part was changed by both. Whose is right?' : `${count} parts were changed by both. Whose are right?`),
  choose: 'Choose one of the two',
  saveAgain: 'Look it over, and save again.',
  gone: 'Somebody deleted it meanwhile. What you typed is kept: save again to create it anew.',
  restored: (name: string) => `${name} is back`,
}
