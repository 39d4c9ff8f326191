-- What the scenarios share: starts Aiex as Neovim's language server, and waits for what it does.
--
-- Usage: nvim --clean --headless -l SCENARIO.lua OPTIONS, where OPTIONS is JSON:
--   file      the document to open
--   server    the command that starts the server
--   encoding  the one position encoding that this editor speaks (all of Neovim's, where absent)
--   settings  `initializationOptions`
--   setup     Lua that configures and enables the server `aiex`, in place of `server`
-- A scenario writes one line of JSON to stdout: what a person would have seen. It ends with status 1 and a sentence on
-- stderr where something did not happen in time.
local driver = {}

local options = vim.json.decode(arg[1])
driver.options = options

local TIMEOUT = 30000 -- Milliseconds: only a failure takes that long.
local ended -- Set when the server's process is gone.

--- Writes a sentence to stderr, with what Neovim said meanwhile, and ends with status 1.
function driver.fail(sentence)
  io.stderr:write(('%s\nmessages: %s\n'):format(sentence, vim.fn.execute('messages')))
  os.exit(1)
end

--- Waits until the condition holds; a server that dies ends the scenario at once.
function driver.wait(what, condition)
  vim.wait(TIMEOUT, function() return condition() or ended ~= nil end, 5)
  if not condition() then
    driver.fail(('%s: it did not happen (%s)'):format(what, ended and vim.inspect(ended) or 'in time'))
  end
end

--- The whole text of a buffer, its lines joined by newlines.
function driver.text(buffer)
  return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n')
end

-- What the server tells the user, with its level (1 error, 2 warning, 3 information).
local messages = {}
vim.lsp.handlers['window/showMessage'] = function(_, params)
  table.insert(messages, { level = params.type, text = params.message })
end
-- What Neovim itself complains of, such as an answer with an error.
vim.notify = function(message, level) table.insert(messages, { level = 5 - (level or 2), text = message }) end

--- How much the user was told.
function driver.messages() return #messages end

local progress = {}
vim.api.nvim_create_autocmd('LspProgress', {
  callback = function(event)
    local value = event.data.params.value
    table.insert(progress, { kind = value.kind, title = value.title, message = value.message })
  end,
})

--- How many runs have ended, by their progress. The index is made beside them.
function driver.runs_ended()
  return #vim.tbl_filter(function(one) return one.kind == 'end' and not one.title:find('^Aiex: indexing') end, progress)
end

--- Whether a stage of a run was reported that matches a pattern.
function driver.progress_says(pattern)
  return vim.iter(progress):any(function(one) return one.message ~= nil and one.message:find(pattern) ~= nil end)
end

--- Opens the document and waits for the server. Returns the buffer and Neovim's client.
function driver.start()
  -- `-l` turns on neither of these.
  vim.cmd('filetype on')
  vim.o.swapfile = false
  vim.o.hidden = true

  local capabilities = vim.lsp.protocol.make_client_capabilities()
  if options.encoding then capabilities.general.positionEncodings = { options.encoding } end
  if options.setup then
    assert(load(options.setup, 'setup'))()
  else
    vim.lsp.config('aiex', {
      cmd = options.server,
      filetypes = { 'elixir', 'rust' },
      root_markers = { 'mix.exs', 'Cargo.toml' },
    })
    vim.lsp.enable('aiex')
  end
  vim.lsp.config('aiex', {
    capabilities = capabilities,
    init_options = options.settings,
    on_exit = function(code, signal) ended = { code = code, signal = signal } end,
  })
  vim.cmd.edit(vim.fn.fnameescape(options.file))
  local buffer = vim.api.nvim_get_current_buf()
  local client
  driver.wait('the server attaches', function()
    client = vim.lsp.get_clients({ bufnr = buffer, name = 'aiex' })[1]
    return client ~= nil and client.initialized
  end)
  return buffer, client
end

--- Puts the cursor on the first place where the text stands.
function driver.cursor_on(buffer, text)
  for row, line in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, false)) do
    local column = line:find(text, 1, true)
    if column then return vim.api.nvim_win_set_cursor(0, { row, column - 1 }) end
  end
  driver.fail(('the document has no %q'):format(text))
end

--- The answer to a hover request at a row and byte column, both counted from 0; nil where there is none.
function driver.hover(buffer, client, row, column)
  local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, true)[1]
  local params = {
    textDocument = vim.lsp.util.make_text_document_params(buffer),
    position = { line = row, character = vim.str_utfindex(line, client.offset_encoding, column) },
  }
  local answer, problem = client:request_sync('textDocument/hover', params, TIMEOUT, buffer)
  if not answer or answer.err then driver.fail('hover: ' .. vim.inspect(problem or answer.err)) end
  return answer.result
end

--- The text of the answer to a hover request at the cursor.
function driver.hover_text(buffer, client)
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local result = driver.hover(buffer, client, row - 1, column)
  return result and result.contents.value
end

--- Opens the hover window as a person does; returns its text, and closes it.
function driver.hover_window()
  local function float()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      if vim.api.nvim_win_get_config(window).relative ~= '' then return window end
    end
  end
  vim.lsp.buf.hover()
  driver.wait('the hover window opens', function() return float() ~= nil end)
  local text = driver.text(vim.api.nvim_win_get_buf(float()))
  vim.api.nvim_win_close(float(), true)
  return text
end

--- Opens the action menu at the cursor and chooses an action by its title. Returns all titles as the menu shows them.
function driver.choose(title)
  local offered
  vim.ui.select = function(items, select, on_choice)
    offered = vim.tbl_map(select.format_item or tostring, items)
    for index, item in ipairs(items) do
      if item.action.title == title then return on_choice(item, index) end
    end
    on_choice(nil)
  end
  vim.lsp.buf.code_action()
  driver.wait('the action menu opens', function() return offered ~= nil end)
  return offered
end

--- Stops the server politely, writes what was seen as JSON, and ends Neovim.
function driver.finish(client, seen)
  client:stop()
  -- Only the end of the process is the end: a client is stopped before.
  driver.wait('the server ends', function() return ended ~= nil end)
  seen.exit = ended
  seen.server_messages = messages
  seen.progress = progress
  seen.neovim_messages = vim.trim(vim.fn.execute('messages'))
  io.stdout:write(vim.json.encode(seen), '\n')
  vim.cmd('qall!')
end

return driver
