import { useText } from '../i18n/use-text'
import { copyText } from './copy-text'
import { toast, toastError } from './toast'

/** Copies a text and tells what became of it: `done` if it is copied, and always that it is not. */
export function useCopy() {
  const { actions } = useText()
  return async (text: string, done?: string): Promise<boolean> => {
    const isCopied = await copyText(text)
    if (!isCopied) toastError(actions.notCopied)
    else if (done !== undefined) toast(done)
    return isCopied
  }
}
