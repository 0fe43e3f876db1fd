/** Icons: outlines of lucide, taken into the bundle at build. Always beside a word, or in a button that has a label. */
import agents from 'lucide-static/icons/users.svg?raw'
import blocked from 'lucide-static/icons/octagon-pause.svg?raw'
import check from 'lucide-static/icons/check.svg?raw'
import chevronDown from 'lucide-static/icons/chevron-down.svg?raw'
import chevronRight from 'lucide-static/icons/chevron-right.svg?raw'
import conflict from 'lucide-static/icons/git-merge-conflict.svg?raw'
import editing from 'lucide-static/icons/pen-line.svg?raw'
import file from 'lucide-static/icons/file.svg?raw'
import files from 'lucide-static/icons/folder-tree.svg?raw'
import filter from 'lucide-static/icons/list-filter.svg?raw'
import help from 'lucide-static/icons/circle-question-mark.svg?raw'
import idle from 'lucide-static/icons/circle.svg?raw'
import left from 'lucide-static/icons/log-out.svg?raw'
import more from 'lucide-static/icons/ellipsis.svg?raw'
import moon from 'lucide-static/icons/moon.svg?raw'
import overview from 'lucide-static/icons/layout-list.svg?raw'
import back from 'lucide-static/icons/arrow-left.svg?raw'
import pause from 'lucide-static/icons/pause.svg?raw'
import reading from 'lucide-static/icons/book-open.svg?raw'
import reviewing from 'lucide-static/icons/message-square-check.svg?raw'
import search from 'lucide-static/icons/search.svg?raw'
import sun from 'lucide-static/icons/sun.svg?raw'
import send from 'lucide-static/icons/send.svg?raw'
import testing from 'lucide-static/icons/flask-conical.svg?raw'
import unplug from 'lucide-static/icons/unplug.svg?raw'
import warning from 'lucide-static/icons/triangle-alert.svg?raw'
import down from 'lucide-static/icons/arrow-down.svg?raw'
import circle from 'lucide-static/icons/refresh-cw.svg?raw'
import eye from 'lucide-static/icons/eye.svg?raw'
import history from 'lucide-static/icons/history.svg?raw'
import hourglass from 'lucide-static/icons/hourglass.svg?raw'
import lines from 'lucide-static/icons/list.svg?raw'
import lock from 'lucide-static/icons/lock.svg?raw'
import play from 'lucide-static/icons/play.svg?raw'
import unlock from 'lucide-static/icons/lock-open.svg?raw'
import undo from 'lucide-static/icons/undo-2.svg?raw'
import tasks from 'lucide-static/icons/square-kanban.svg?raw'
import up from 'lucide-static/icons/arrow-up.svg?raw'
import panel from 'lucide-static/icons/panel-right.svg?raw'
import close from 'lucide-static/icons/x.svg?raw'

const SOURCES = {
  agents,
  back,
  blocked,
  check,
  chevronDown,
  chevronRight,
  circle,
  close,
  conflict,
  down,
  editing,
  eye,
  file,
  files,
  filter,
  help,
  history,
  hourglass,
  idle,
  left,
  lines,
  lock,
  moon,
  more,
  overview,
  panel,
  pause,
  play,
  reading,
  reviewing,
  search,
  send,
  sun,
  tasks,
  testing,
  undo,
  unlock,
  unplug,
  up,
  warning,
}
export type IconName = keyof typeof SOURCES

export function Icon({ name }: { readonly name: IconName }) {
  // What stands inside of <svg>: the outer tag, with size and colour, is ours.
  const source = SOURCES[name]
  const paths = source.slice(source.indexOf('>', source.indexOf('<svg')) + 1, source.lastIndexOf('</svg>'))
  return <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" dangerouslySetInnerHTML={{ __html: paths }} />
}
