import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { newestChangesQuery } from '../changes/queries'
import { summarize } from '../changes/summary'
import { useText } from '../i18n/use-text'
import { localInput } from '../time/format'
import { parseMoment } from '../time/moment'
import { Clock, useNow } from '../time/time'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { useScope } from './scope'

/** A button that opens the choice of an earlier moment. */
export function TimeTravel() {
  const { time } = useText()
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button kind="ghost" icon="clock" aria-label={time.travel} title={time.travel} onClick={() => setOpen(true)} />
      {isOpen && <MomentDialog onClose={() => setOpen(false)} />}
    </>
  )
}

const BACK_MINUTES = [1, 5, 15, 60, 24 * 60]

const minutesBefore = (minutes: number) => new Date(Date.now() - minutes * 60_000)

function MomentDialog({ onClose }: { onClose: () => void }) {
  const { time } = useText()
  const { asOf } = useScope()
  const navigate = useNavigate()
  const now = useNow()
  const [at, setAt] = useState(() => {
    const shown = parseMoment(asOf ?? '')
    return shown?.is === 'time' ? shown.at : new Date()
  })
  function show(moment: Date | undefined) {
    onClose()
    void navigate({ to: '.', search: (before) => ({ ...before, page: undefined, as_of: moment?.toISOString() }) })
  }
  return (
    <Dialog title={time.title} onClose={onClose}>
      <p className="muted">{time.explain}</p>
      <div className="row wrap">
        {BACK_MINUTES.map((minutes) => (
          <Button key={minutes} onClick={() => show(minutesBefore(minutes))}>
            {time.ago(minutes < 60 ? time.minutes(minutes) : time.hours(minutes / 60))}
          </Button>
        ))}
      </div>
      <Scrubber at={at} onMove={setAt} />
      <TextField
        label={time.at}
        type="datetime-local"
        step={1}
        value={localInput(at)}
        max={localInput(new Date(now))}
        onChange={(text) => text && setAt(new Date(text))}
      />
      <div className="form-foot">
        {asOf !== undefined && <Button onClick={() => show(undefined)}>{time.back}</Button>}
        <Button kind="primary" onClick={() => show(at)}>
          {time.go}
        </Button>
      </div>
    </Dialog>
  )
}

/** Moves from change to change through the newest of the log. */
function Scrubber({ at, onMove }: { at: Date; onMove: (at: Date) => void }) {
  const text = useText()
  const { namespace } = useScope()
  const { data } = useQuery(newestChangesQuery({ namespace, page_size: 500 }))
  const stops = data ? data.items.toReversed() : []
  if (stops.length === 0) return null
  const later = stops.findIndex((change) => Date.parse(change.at) > at.getTime())
  const place = later < 0 ? stops.length - 1 : Math.max(0, later - 1)
  const stop = stops[place]
  const move = (to: number) => {
    const target = stops[Math.max(0, Math.min(stops.length - 1, to))]
    if (target) onMove(new Date(target.at))
  }
  return (
    <div className="scrubber">
      <div className="row">
        <Button aria-label={text.time.previous} title={text.time.previous} onClick={() => move(place - 1)}>
          {'‹'}
        </Button>
        <input
          type="range"
          className="grow"
          aria-label={text.time.slider}
          min={0}
          max={stops.length - 1}
          value={place}
          onChange={(event) => move(Number(event.target.value))}
        />
        <Button aria-label={text.time.next} title={text.time.next} onClick={() => move(place + 1)}>
          {'›'}
        </Button>
      </div>
      {stop && (
        <p className="row small muted">
          <Clock at={stop.at} />
          <span className="clip">{summarize(stop, text)}</span>
        </p>
      )}
    </div>
  )
}
