-- The editor of the picture: Aiex by configuration alone, as README.md shows it, and the hover of one function.
vim.o.termguicolors = true
vim.o.background = 'dark'
vim.o.number = true
vim.o.cursorline = true
vim.o.wrap = false
vim.o.laststatus = 0
vim.o.cmdheight = 0
vim.o.ruler = false
vim.o.showcmd = false
vim.o.swapfile = false
vim.o.scrolloff = 0
vim.o.shortmess = vim.o.shortmess .. 'FI'
vim.opt.fillchars = { eob = ' ' }
vim.opt.runtimepath:append(vim.env.PICTURE_RUNTIME)
vim.api.nvim_create_autocmd('FileType', {
  pattern = 'elixir',
  callback = function() vim.treesitter.start() end,
})

vim.lsp.config('aiex', {
  cmd = { 'aiex', 'lsp' },
  filetypes = { 'elixir', 'rust' },
  root_markers = { 'mix.exs', 'Cargo.toml', '.git' },
})
vim.lsp.enable('aiex')

local function float()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then return window end
  end
end

-- Has the function explained, as `Aiex: Explain` of the action menu does, and hovers it: that shows the explanation, too.
local function explain_and_hover(client)
  local source = vim.api.nvim_get_current_buf()
  vim.fn.search([[^  def \zstransition(%{status: :paid}]])
  local view = vim.fn.winsaveview()
  local place = vim.lsp.util.make_range_params(0, client.offset_encoding)
  client:exec_cmd({
    title = 'Aiex: Explain',
    command = 'aiex.explain',
    arguments = { { uri = place.textDocument.uri, range = place.range } },
  })
  vim.wait(30000, function() return vim.api.nvim_get_current_buf() ~= source end, 10)
  vim.cmd.buffer(source)
  vim.fn.winrestview(vim.tbl_extend('force', view, { topline = view.lnum - 2 }))
  vim.lsp.buf.hover({ border = 'rounded' })
  vim.wait(30000, function() return float() ~= nil end, 10)
  vim.wo[float()].conceallevel = 3
end

vim.api.nvim_create_autocmd('LspAttach', {
  callback = vim.schedule_wrap(function(event)
    explain_and_hover(assert(vim.lsp.get_client_by_id(event.data.client_id)))
    vim.cmd.redraw()
    -- After what `redraw` wrote has gone to the terminal.
    vim.schedule(function() vim.system({ 'tmux', '-S', vim.env.PICTURE_TMUX, 'wait-for', '-S', 'drawn' }) end)
  end),
})
