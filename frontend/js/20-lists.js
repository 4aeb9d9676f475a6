// Lists: j and k move between rows, x chooses, Shift chooses a range, the bar counts. Rows are [data-row] with a link.

const rows = () => [...document.querySelectorAll("main [data-row]")].filter((row) => row.getClientRects().length)
const link = (row) => row?.querySelector("a[href]")
let last = null

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.body.dataset.keys === "off") return
  if (event.target.closest("input:not([type=checkbox],[type=radio]), textarea, select, dialog")) return
  const all = rows()
  if (!all.length || !["KeyJ", "KeyK", "KeyX"].includes(event.code)) return
  const at = all.findIndex((row) => row.contains(document.activeElement))
  const here = at < 0 ? all.findIndex((row) => row.matches(".cur")) : at
  event.preventDefault()
  if (event.code === "KeyX") return all[here]?.querySelector(".check")?.click()
  const next = event.code === "KeyJ" ? Math.min(here + 1, all.length - 1) : Math.max(here - 1, 0)
  link(all[next])?.focus()
})

// A press on a row looks at the case beside the list. A second press and Enter open it, and so does the first one
// where there is no room beside: then the press does not reach htmx.

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.('.it a[hx-get]')
  if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return
  const row = opener.closest("[data-row]")
  const beside = document.getElementById("peek")?.getClientRects().length
  if (!beside || event.detail === 0 || row.matches(".cur")) return event.stopPropagation()
  for (const other of document.querySelectorAll("[data-row].cur")) other.classList.remove("cur")
  row.classList.add("cur")
}, true)

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-row] .check")
  if (!box) return
  if (event.shiftKey && last && last.form === box.form) {
    const boxes = [...box.form.querySelectorAll("[data-row] .check")]
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b)
    for (const one of boxes.slice(from, to + 1)) one.checked = box.checked
  }
  last = box
  count(box.form)
})

document.addEventListener("reset", (event) => {
  if (!event.target.querySelector("[data-chosen]")) return
  setTimeout(() => {
    event.target.querySelectorAll("[data-row] .check").forEach((box) => { box.checked = false })
    count(event.target)
  })
})
document.addEventListener("htmx:after:swap", () => document.querySelectorAll("form:has(.bulk)").forEach(count))

function count(form) {
  const place = form?.querySelector("[data-chosen]")
  if (place) place.textContent = form.querySelectorAll("[data-row] .check:checked").length
}

document.querySelectorAll("form:has(.bulk)").forEach(count)
