-- A person has a file reviewed, types above both findings, dismisses one, and then deletes the line that the other is about.
-- OPTIONS (see driver.lua) also hold a word `on` of the finding that is dismissed, and of its code.
package.path = vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)) .. '/?.lua;' .. package.path
local driver = require('driver')

local source, client = driver.start()
local seen = {}

--- What Neovim shows: line from 0, severity and words of each.
local function diagnostics()
  return vim.tbl_map(function(one)
    return { line = one.lnum, severity = one.severity, source = one.source, message = one.message }
  end, vim.diagnostic.get(source))
end

local function wait_for(count)
  driver.wait(count .. ' diagnostics', function() return #vim.diagnostic.get(source) == count end)
  return diagnostics()
end

client:exec_cmd({ title = 'Review', command = 'aiex.review', arguments = { { uri = vim.uri_from_bufnr(source) } } })
seen.found = wait_for(2)

-- What Neovim shows moves by itself; what the server knows is seen by what it says next.
vim.api.nvim_buf_set_lines(source, 0, 0, true, { '# one', '# two' })
driver.cursor_on(source, driver.options.on)
local title
for _, one in ipairs(vim.diagnostic.get(source)) do
  if one.message:find(driver.options.on, 1, true) then title = 'Aiex: Dismiss: ' .. one.message end
end
seen.actions = driver.choose(title)
seen.left = wait_for(1)

local line = seen.left[1].line
vim.api.nvim_buf_set_lines(source, line, line + 1, true, {})
seen.gone = wait_for(0)
driver.finish(client, seen)
