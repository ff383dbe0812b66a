// What a person does and sees in a notebook of JupyterLab; `nb` is the one that is shown.
window.lab = {
  async open(path) { // the whole notebook, also what is not on the screen
    window.nb = await jupyterapp.commands.execute("docmanager:open", {path});
    await nb.context.ready;
    await nb.sessionContext.ready;
    nb.content.notebookConfig = {...nb.content.notebookConfig, windowingMode: "none"};
  },
  change(old, text) {
    for (const widget of nb.content.widgets) {
      const cell = widget.model.sharedModel;
      cell.setSource(cell.getSource().replace(old, text));
    }
  },
  async runAll() { // what each output that is an error says
    await jupyterapp.commands.execute("notebook:run-all-cells");
    await nb.context.save();
    return nb.content.widgets.filter(w => w.model.type == "code")
      .flatMap(w => w.outputArea.model.toJSON())
      .filter(o => o.output_type == "error" || o.name == "stderr")
      .map(o => o.evalue || [].concat(o.text).join(""));
  },
  async run(begin) { // the cell that begins so
    const begins = w => w.model.sharedModel.getSource().startsWith(begin);
    nb.content.activeCellIndex = nb.content.widgets.findIndex(begins);
    await jupyterapp.commands.execute("notebook:run-cell");
  },
  all: selector => [...nb.node.querySelectorAll(selector)],
  texts: selector => lab.all(selector).map(e => e.innerText),
  click: (selector, text) => lab.all(selector).find(e => !text || e.innerText == text).click(),
  fill(field, value) { // type into a field and leave it, or choose from it
    if (field.tagName == "SELECT")
      field.value = [...field.options].find(o => o.text.startsWith(value)).value;
    else field.value = value;
    for (const event of ["input", "change"]) field.dispatchEvent(new Event(event, {bubbles: true}));
  },
  choose(n, value) { // in the panel
    const fields = ".widget-vbox .widget-dropdown select, .widget-vbox .widget-text input";
    lab.fill(lab.all(fields)[n], value);
  },
  beyond(selector) { // what is wider than the notebook
    const right = e => e.getBoundingClientRect().right;
    return lab.all(selector).filter(e => right(e) > right(nb.node)).map(e => e.innerText);
  },
  line(end) { // of the cursor in a file that is open; null where it is not
    const shown = [...jupyterapp.shell.widgets("main")];
    const file = shown.find(w => w.context && w.context.path.endsWith(end));
    return file ? file.content.editor.getCursorPosition().line + 1 : null;
  },
  place(selector) { // of a picture of the notebook from the first such element on
    const found = nb.node.querySelector(selector);
    found.scrollIntoView();
    const page = nb.content.node.getBoundingClientRect();
    return {x: page.left, y: Math.max(found.getBoundingClientRect().top - 8, page.top), width: page.width};
  },
};
