-- From the report's HTML to Typst and DOCX: classes become styles, alt texts stay with images.

local typst = FORMAT == "typst"

local function quoted(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("\n", " ") .. '"'
end

local function written(blocks)
  return pandoc.write(pandoc.Pandoc(blocks), "typst")
end

local styles = { lead = "Lead", note = "Note", warning = "Warning" }

function Div(el)
  local class = el.classes[1]
  if styles[class] then
    if typst then
      local blocks = pandoc.List({ pandoc.RawBlock("typst", "#" .. class .. "[") })
      blocks:extend(el.content)
      blocks:insert(pandoc.RawBlock("typst", "]"))
      return blocks
    end
    el.attributes["custom-style"] = styles[class]
    return el
  end
  if class == "contents" then
    return pandoc.RawBlock("typst", "#contents-list")
  end
  if class == "cover" then
    el.content:insert(pandoc.RawBlock("openxml", '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'))
    return el.content
  end
  if class == "part" then
    return nil
  end
  if class == "columns" and typst then
    local cells, widths = {}, {}
    for _, part in ipairs(el.content) do
      -- What is written here is not shifted any more.
      part = part:walk({
        Header = function(h)
          h.level = h.level - 1
          return h
        end,
      })
      cells[#cells + 1] = "[" .. written(part.content) .. "]"
      widths[#widths + 1] = math.max(#pandoc.utils.stringify(part), 1)
    end
    -- As wide as their texts are long, but none narrower than two thirds of the widest.
    local widest = math.max(table.unpack(widths))
    for i, n in ipairs(widths) do
      widths[i] = math.max(n, widest * 2 // 3) .. "fr"
    end
    local columns = "(" .. table.concat(widths, ", ") .. ",), "
    return pandoc.RawBlock("typst", "#side-by-side(" .. columns .. table.concat(cells, ", ") .. ")")
  end
  if el.identifier == "ringkasan" and typst then
    el.content:insert(1, pandoc.RawBlock("typst", "#first-page["))
    el.content:insert(pandoc.RawBlock("typst", "]"))
  end
  if el.identifier == "lampiran" then
    local page = typst and pandoc.RawBlock("typst", "#pagebreak(weak: true)")
      or pandoc.RawBlock("openxml", '<w:p><w:r><w:br w:type="page"/></w:r></w:p>')
    el.content:insert(1, page)
  end
  -- Sections and table regions are no containers on paper: a page may break inside them.
  return el.content
end

-- The numbers of the first page: in Word a table of one row, else each takes four lines.
local function key_figures(el)
  local heads, values, aligns, widths = {}, {}, {}, {}
  for i, item in ipairs(el.content) do
    heads[i] = { pandoc.Plain(item[1]) }
    values[i] = {}
    for _, definition in ipairs(item[2]) do
      for _, block in ipairs(definition) do
        if #values[i] == 0 then
          block = pandoc.Div({ pandoc.Para(block.content) }, { ["custom-style"] = "Value" })
        end
        table.insert(values[i], block)
      end
    end
    aligns[i], widths[i] = pandoc.AlignDefault, 1 / #el.content
  end
  local simple = pandoc.SimpleTable({}, aligns, widths, heads, { values })
  return pandoc.utils.from_simple_table(simple)
end

-- Tight lists would take the small type of tables.
local function listed(el)
  if typst then
    return nil
  end
  for i, item in ipairs(el.content) do
    for j, block in ipairs(item) do
      if block.t == "Plain" then
        item[j] = pandoc.Div({ pandoc.Para(block.content) }, { ["custom-style"] = "List Text" })
      end
    end
    el.content[i] = item
  end
  return el
end

BulletList = listed
OrderedList = listed

function DefinitionList(el)
  if not typst then
    return key_figures(el)
  end
  local items = {}
  for _, item in ipairs(el.content) do
    local remark = item[2][2] and written(item[2][2]) or ""
    if #item[2][1] > 1 then
      remark = written({ item[2][1][2] })
    end
    items[#items + 1] = string.format(
      "([%s], [%s], [%s])",
      written({ pandoc.Plain(item[1]) }),
      written({ item[2][1][1] }),
      remark
    )
  end
  return pandoc.RawBlock("typst", "#key-figures(" .. table.concat(items, ", ") .. ",)")
end

function Image(el)
  if not typst then
    return nil
  end
  local alt = pandoc.utils.stringify(el.caption)
  return pandoc.RawInline(
    "typst",
    string.format("#image(%s, alt: %s, width: 90%%)", quoted(el.src), quoted(alt))
  )
end
