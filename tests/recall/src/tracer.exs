# Compiles an Elixir application's sources in memory and writes what every body uses, by the compiler's own tracers.
#
#     elixir tracer.exs OUTPUT FILE…
#
# Lines of tab-separated fields:
#   use     FILE LINE COLUMN MODULE NAME ARITY     a function called, captured or imported there (column 0: unknown)
#   struct  FILE LINE COLUMN MODULE                a struct expanded there
#   def     FILE LINE MODULE NAME ARITY KIND       where a function is defined
#   module  FILE LINE MODULE
# Files that do not compile are listed on stdout as `failed FILE`, and the exit status is 3: a compiler that met an error
# is not asked again in the same process.

defmodule Recall.Tracer do
  def start do
    :ets.new(__MODULE__, [:named_table, :public, :bag, write_concurrency: true])
  end

  def trace({event, meta, module, name, arity}, env) when event in [:remote_function, :imported_function] do
    used(meta, env, module, name, arity)
  end

  def trace({:local_function, meta, name, arity}, env), do: used(meta, env, env.module, name, arity)

  def trace({:struct_expansion, meta, module, _keys}, env) do
    put(["struct", env.file, line(meta, env), meta[:column] || 0, inspect(module)])
  end

  def trace({:on_module, bytecode, _}, env) do
    with {:ok, {_, [debug_info: {:debug_info_v1, _, {:elixir_v1, map, _}}]}} <-
           :beam_lib.chunks(bytecode, [:debug_info]) do
      put(["module", env.file, map.line, inspect(env.module)])

      for {{name, arity}, kind, meta, _clauses} <- map.definitions do
        {file, line} =
          case meta[:file] do
            {file, line} -> {Path.expand(file), line}
            _ -> {env.file, meta[:line] || 0}
          end

        put(["def", file, line, inspect(env.module), Atom.to_string(name), arity, kind])
      end
    end

    :ok
  end

  def trace(_event, _env), do: :ok

  defp used(meta, env, module, name, arity) do
    if env.function do
      put(["use", env.file, line(meta, env), meta[:column] || 0, inspect(module), Atom.to_string(name), arity])
    end

    :ok
  end

  defp line(meta, env), do: meta[:line] || env.line

  defp put(fields) do
    :ets.insert(__MODULE__, {fields})
    :ok
  end

  def write(path) do
    lines = for {fields} <- :ets.tab2list(__MODULE__), do: Enum.join(fields, "\t")
    File.write!(path, lines |> Enum.sort() |> Enum.map(&[&1, ?\n]))
  end
end

[output | files] = System.argv()
Recall.Tracer.start()

Code.compiler_options(
  tracers: [Recall.Tracer],
  parser_options: [columns: true],
  ignore_module_conflict: true,
  debug_info: true,
  docs: false
)

case Kernel.ParallelCompiler.compile(files) do
  {:ok, _, _} ->
    Recall.Tracer.write(output)

  {:error, errors, _} ->
    for {file, line, message} <- errors do
      IO.puts(:stderr, "#{file}:#{line}: #{message}")
      IO.puts("failed\t#{Path.expand(file)}")
    end

    System.halt(3)
end
