import { told } from './told'
import { useText } from './use-text'

/** Tells errors in the language that is chosen. */
export function useTold(): (error: unknown) => string {
  const text = useText()
  return (error) => told(error, text)
}
