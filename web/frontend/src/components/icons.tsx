/** Said by the label of the button around them. */
const shared = {
  viewBox: '0 0 16 16',
  width: 16,
  height: 16,
  fill: 'none',
  stroke: 'currentColor',
  strokeWidth: 1.6,
  strokeLinecap: 'round',
  strokeLinejoin: 'round',
  'aria-hidden': true,
} as const

export function DeleteIcon() {
  return (
    <svg {...shared}>
      <path d="M4 4l8 8m0-8l-8 8" />
    </svg>
  )
}

export function EditIcon() {
  return (
    <svg {...shared}>
      <path d="M3 13l.6-2.6 7-7 2 2-7 7zM9.2 4.8l2 2" />
    </svg>
  )
}
