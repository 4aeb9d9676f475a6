// Comment fields: the Markdown bar and the mention popup come on their own, only where a page has them.

const source = document.querySelector('meta[name="acm-editor"]')?.content
let loaded = false

function load() {
  if (loaded || !source || !document.querySelector("markdown-toolbar, text-expander")) return
  loaded = true
  import(source)
}
load()
document.addEventListener("htmx:after:swap", load)

// "@" asks the address in src; it answers with <option value="login" label="Name">

document.addEventListener("text-expander-change", (event) => {
  const { provide, text } = event.detail
  provide(suggest(event.target, text))
})
document.addEventListener("text-expander-value", (event) => {
  event.detail.value = event.detail.item.dataset.value
})

async function suggest(expander, text) {
  const answer = await fetch(`${expander.getAttribute("src")}?q=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" } })
  if (!answer.ok) return { matched: false }
  const found = new DOMParser().parseFromString(`<datalist>${await answer.text()}</datalist>`, "text/html")
  const menu = document.createElement("ul")
  menu.className = "mentions"
  menu.setAttribute("role", "listbox")
  for (const option of [...found.querySelectorAll("option")].slice(0, 7)) {
    const line = document.createElement("li")
    line.setAttribute("role", "option")
    line.id = `mention-${option.dataset.login ?? option.value}`
    line.dataset.value = `@${option.dataset.login ?? option.value}`
    line.textContent = option.label || option.value
    menu.append(line)
  }
  return { matched: menu.childElementCount > 0, fragment: menu }
}
