// A deal goes to another stage by the mouse, or by Shift with an arrow while its card has the focus. Both send the form
// of the card, which does the same without this script.

const cardOf = (node) => node.closest?.("[data-deal]");
const stageOf = (node) => node.closest?.("[data-stage]");

/** Send the form of a card for a stage; where a reason is wanted, open it and ask. */
function move(card, stage) {
  const form = card.querySelector("form");
  const { target, comment } = form.elements;
  if (![...target.options].some((one) => one.value === stage)) return;
  target.value = stage;
  if (target.selectedOptions[0].hasAttribute("data-why") && !comment.value.trim()) {
    card.querySelector("details").open = true;
    comment.focus();
  } else form.requestSubmit();
}

/** Mark the stage a card is held over. */
function mark(stage) {
  for (const one of document.querySelectorAll("[data-over]")) one.removeAttribute("data-over");
  stage?.setAttribute("data-over", "");
}

let held = null;

function hold(card) {
  held = card;
  for (const one of document.querySelectorAll("[data-endings]")) one.hidden = !card;
  if (!card) mark(null);
}

document.addEventListener("dragstart", (event) => {
  const card = cardOf(event.target);
  if (!card) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", card.id);
  setTimeout(() => hold(card)); // a page that changes at once ends the drag in some browsers
});
document.addEventListener("dragend", () => hold(null));
document.addEventListener("dragover", (event) => {
  const stage = held && stageOf(event.target);
  if (held) mark(stage);
  if (stage) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  const card = held, stage = card && stageOf(event.target);
  if (!stage) return;
  event.preventDefault();
  hold(null);
  move(card, stage.dataset.stage);
});
document.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const card = step && event.shiftKey && !event.target.closest("input, select, textarea") && cardOf(event.target);
  if (!card) return;
  const stages = [...document.querySelectorAll("[data-column]")];
  const next = stages[stages.indexOf(card.closest("[data-column]")) + step];
  event.preventDefault();
  if (next) move(card, next.dataset.stage);
});
for (const card of document.querySelectorAll("[data-deal]")) card.draggable = true;
