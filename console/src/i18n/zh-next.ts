/** Texts one after the other, with a blank where Chinese meets what is not. */
export const next = (...texts: string[]) =>
  texts.reduce((before, text) => {
    const isHan = [/\p{Script=Han}$/u.test(before), /^\p{Script=Han}/u.test(text)]
    const isWord = [/[\w/]$/.test(before), /^[\w/]/.test(text)]
    return (isHan[0] && isWord[1]) || (isWord[0] && isHan[1]) ? `${before} ${text}` : before + text
  })
