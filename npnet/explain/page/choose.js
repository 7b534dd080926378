// A list of small pictures of which one is chosen: by pointing, or by the arrow keys.

// count pictures; draw(canvas, i) draws one; label(i) names it; chosen(i) is called with the choice.
function chooser(holder, {count, selected, draw, label, name, chosen, size}) {
  const list = make("div", {class: "chooser", role: "listbox", tabindex: "0", "aria-label": name});
  const key = holder.id;
  for (let i = 0; i < count; i++) {
    const canvas = make("canvas", {"aria-hidden": "true"});
    draw(canvas, i);
    canvas.style.width = `${size}px`;
    list.append(
      make(
        "div",
        {
          role: "option",
          id: `${key}-${i}`,
          "aria-selected": String(i === selected),
          "aria-label": label(i),
          title: label(i)
        },
        canvas
      )
    );
  }
  list.setAttribute("aria-activedescendant", `${key}-${selected}`);
  list.addEventListener("click", event => {
    const option = event.target.closest("[role=option]");
    if (option) pick(Number(option.id.slice(key.length + 1)));
  });
  list.addEventListener("keydown", event => {
    const across = Math.max(1, Math.floor(list.clientWidth / (size + 6)));
    const step = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across, Home: -count, End: count}[
      event.key
    ];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    pick(Math.max(0, Math.min(count - 1, Number(list.dataset.selected) + step)));
  });
  list.dataset.selected = selected;
  function pick(i) {
    mark(list, key, i);
    chosen(i);
  }
  const top =
    holder.firstChild?.className === "chooser" && holder.firstChild.childElementCount === count
      ? holder.firstChild.scrollTop
      : 0;
  holder.replaceChildren(list);
  list.scrollTop = top;
  return i => mark(list, key, i);
}

// Marks option i as the chosen one.
function mark(list, key, i) {
  const old = list.querySelector("[aria-selected=true]"),
    option = document.getElementById(`${key}-${i}`);
  if (old) old.setAttribute("aria-selected", "false");
  if (!option) return;
  option.setAttribute("aria-selected", "true");
  list.setAttribute("aria-activedescendant", option.id);
  list.dataset.selected = i;
  if (
    option.offsetTop < list.scrollTop ||
    option.offsetTop + option.offsetHeight > list.scrollTop + list.clientHeight
  ) {
    list.scrollTop = option.offsetTop - list.clientHeight / 2;
  }
}
