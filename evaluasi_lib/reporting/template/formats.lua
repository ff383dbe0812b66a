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
  -- Sections and table regions are no containers on paper: a page may break inside them.
  return el.content
end

function DefinitionList(el)
  if not typst then
    return nil
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
