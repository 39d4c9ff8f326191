"""Serves a GGUF model with llama.cpp on a free port of 127.0.0.1, for as long as standard input stays open.

Once it accepts requests, it prints one line with the address of its OpenAI-compatible interface, such as
`http://127.0.0.1:40123/v1`, and nothing else on standard output; llama.cpp's log goes to standard error. It ends when
standard input reaches its end: the test that started it closes the pipe, or ends itself, and no server is left behind.
`GET /v1/models` reports the model under the name given.

Usage: serve_model.py MODEL_FILE MODEL_NAME CONTEXT_LENGTH
"""

import os
import sys


def main(path, name, context_length):
    # llama.cpp may print what it likes: only the address goes to the real standard output.
    address_line = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {name}
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # The system picks a free one.
    # Two requests at a time, each with the whole context length.
    params.n_parallel = 2
    params.n_ctx = 2 * context_length
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.warmup = False
    params.use_jinja = True
    params.offline = True
    params.ui = False
    params.endpoint_slots = True

    server = xllamacpp.Server(params)  # Returns once it listens, or raises.
    print(f"{server.listening_address}/v1", file=address_line, flush=True)
    while os.read(0, 4096):
        pass
    # Not a return: the server's destructor would first wait for the requests that are still running.
    os._exit(0)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
