"""Makes tiny language models, without any training, that always answer with the same text.

- `tiny-model` says REPLY.
- `tiny-caller` calls a tool, whatever it is asked: CALL.
- `tiny-talker` says ENDLESS again and again, until it is cut off.

Each is a real GGUF file of the llama architecture, for a real llama.cpp server: what it shows about requests, token
counts, streaming and cancelling is what any local model would show. Only the text is fixed.

How it works: one layer whose attention and feed-forward weights are all zero, so that it hands on the embedding of the
last token unchanged. That embedding is one-hot: it says how far the reply has come. The output matrix maps each state to
the one token that comes next. A token that is not part of the reply, such as the end of any prompt, is in state 0, in
front of the reply. The logit of the wanted token is so large that no sampling setting makes a difference.

The reply's tokens are about a word long. The emoji in it has no token: it is spelled by its four bytes, one token
each, as in real models. Text that is not the reply costs one token for each byte.

Usage:
    tiny_model.py NAME FILE   writes a model (needs the packages numpy and gguf)
    tiny_model.py --text      prints REPLY, without a newline at the end
"""

import re
import sys

REPLY = """\
## A reply from a tiny model

This text is always the *same*, whatever the question. Nobody trained it: a script wrote down which word follows each one.

- **Accents**: café, naïve, Übung.
- **Wide characters**: hello, 世界!
- **Four bytes**, one token apiece: 🦀 walks sideways.

That is all it can say. Goodbye."""

CALL = """\
<tool_call>
{"name": "get_time", "arguments": {"city": "Zürich 🦀"}}
</tool_call>"""

ENDLESS = "On and on it goes; then, "

CONTEXT_LENGTH = 32768

CONTROL_TOKENS = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
UNK, BOS, END = 0, 1, 4

CHAT_TEMPLATE = (
    "{% for m in messages %}{{'<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{'<|im_start|>assistant\n'}}{% endif %}"
)

# In the form of Hermes and Qwen: llama.cpp finds out from the template how the model writes a call.
TOOL_TEMPLATE = (
    "{%- if tools %}{{- '<|im_start|>system\n<tools>' }}"
    "{%- for tool in tools %}{{- '\n' }}{{- tool | tojson }}{%- endfor %}"
    "{{- '\n</tools>\nCall one within <tool_call></tool_call>:\n<tool_call>\n"
    '{"name": <function-name>, "arguments": <args-json-object>}\n'
    "</tool_call><|im_end|>\n' }}{%- endif %}"
    "{%- for m in messages %}{{- '<|im_start|>' + m.role }}"
    "{%- if m.content %}{{- '\n' + m.content }}{%- endif %}"
    "{%- for call in m.tool_calls or [] %}{{- '\n<tool_call>\n"
    '{"name": "\' + call.function.name + \'", "arguments": \' + (call.function.arguments | tojson) + \'}\n'
    "</tool_call>' }}{%- endfor %}"
    "{{- '<|im_end|>\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
)

# Of each model: its text, whether that begins anew where it ends, and the template.
MODELS = {
    "tiny-model": (REPLY, False, CHAT_TEMPLATE),
    "tiny-caller": (CALL, False, TOOL_TEMPLATE),
    "tiny-talker": (ENDLESS, True, CHAT_TEMPLATE),
}

# llama.cpp's block sizes and attention kernels like multiples of this.
ALIGN = 32

# A character beyond the Basic Multilingual Plane; a word with the space in front of it; a run of newlines; anything else.
PARTS = re.compile(r"[\U00010000-\U0010FFFF]| ?[A-Za-z]+|\n+|[^A-Za-z\n]")


def pieces(text):
    """Splits the text into tokens, all different, since each has to tell what comes next.

    A word that came before is joined with the one after it, as often as it takes. Characters beyond the Basic
    Multilingual Plane become the names of their byte tokens, such as `<0xF0>`.
    """
    result = []
    pending = ""
    for part in PARTS.findall(text):
        if ord(part[0]) > 0xFFFF:
            if pending:
                result.append(pending)
                pending = ""
            result.extend(f"<0x{byte:02X}>" for byte in part.encode())
            continue
        pending += part
        # A lone newline ends every prompt, so it cannot stand within the reply; nor can a lone ASCII character, which
        # would make a token that prompts are full of.
        if pending not in result and (len(pending) > 1 or not pending.isascii()):
            result.append(pending)
            pending = ""
    if pending:
        result[-1] += pending
    if len(set(result)) != len(result):
        raise ValueError("the reply cannot be split into different tokens: change its last words, or its emoji")
    return result


def write_model(name, path):
    """Writes the model of this name as a GGUF file."""
    import gguf
    import numpy as np

    text, is_endless, template = MODELS[name]
    reply = pieces(text)
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    words = [piece for piece in reply if piece not in byte_tokens]
    tokens = CONTROL_TOKENS + byte_tokens + words
    kinds = (
        [gguf.TokenType.UNKNOWN]
        + [gguf.TokenType.CONTROL] * (len(CONTROL_TOKENS) - 1)
        + [gguf.TokenType.BYTE] * len(byte_tokens)
        + [gguf.TokenType.NORMAL] * len(words)
    )
    ids = {token: number for number, token in enumerate(tokens)}
    chain = [ids[piece] for piece in reply]
    chain.append(chain[0] if is_endless else END)

    states = len(chain)  # 0: before the reply; n: after its nth token.
    width = -(-states // ALIGN) * ALIGN
    embedding = np.zeros((len(tokens), width), np.float32)
    embedding[:, 0] = 1.0
    for state, token in enumerate(chain[:-1], start=1):
        embedding[token, 0] = 0.0
        embedding[token, state] = 1.0
    # The norm before it brings the one-hot value to sqrt(width), about 10, hence a logit of about 100 against 0.
    output = np.zeros((len(tokens), width), np.float32)
    for state, token in enumerate(chain):
        output[token, state] = 10.0

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_vocab_size(len(tokens))
    writer.add_context_length(CONTEXT_LENGTH)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(ALIGN)
    writer.add_block_count(1)
    # One narrow attention head, whatever the width: it computes nothing of use, and long prompts stay cheap.
    writer.add_head_count(1)
    writer.add_head_count_kv(1)
    writer.add_key_length(ALIGN)
    writer.add_value_length(ALIGN)
    writer.add_rope_dimension_count(ALIGN)
    writer.add_layer_norm_rms_eps(1e-5)

    writer.add_tokenizer_model("llama")
    writer.add_token_list([token.replace(" ", "\u2581").encode() for token in tokens])
    writer.add_token_types(kinds)
    # Among the words that fit, the tokenizer takes the longest; bytes are what is left.
    writer.add_token_scores([0.0] * (len(tokens) - len(words)) + [float(len(word)) for word in words])
    writer.add_unk_token_id(UNK)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(END)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(template)

    def zeros(rows, columns):
        return np.zeros((rows, columns), np.float32)

    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output_norm.weight", np.ones(width, np.float32))
    writer.add_tensor("output.weight", output)
    writer.add_tensor("blk.0.attn_norm.weight", np.ones(width, np.float32))
    writer.add_tensor("blk.0.attn_q.weight", zeros(ALIGN, width))
    writer.add_tensor("blk.0.attn_k.weight", zeros(ALIGN, width))
    writer.add_tensor("blk.0.attn_v.weight", zeros(ALIGN, width))
    writer.add_tensor("blk.0.attn_output.weight", zeros(width, ALIGN))
    writer.add_tensor("blk.0.ffn_norm.weight", np.ones(width, np.float32))
    writer.add_tensor("blk.0.ffn_gate.weight", zeros(ALIGN, width))
    writer.add_tensor("blk.0.ffn_up.weight", zeros(ALIGN, width))
    writer.add_tensor("blk.0.ffn_down.weight", zeros(width, ALIGN))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["--text"]:
        sys.stdout.buffer.write(REPLY.encode())
    elif len(sys.argv) == 3 and sys.argv[1] in MODELS:
        write_model(*sys.argv[1:])
    else:
        sys.exit(__doc__)
