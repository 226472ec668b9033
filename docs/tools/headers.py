# SPDX-License-Identifier: Apache-2.0
"""headers.py: the public headers as groups: a comment, and the declarations that it speaks of."""
import dataclasses
import re

import comments

ATTRIBUTES = re.compile(r"\b(FASTENERS_(API|NODISCARD|NO_STUB)\b|__attribute__\(\(.*\)\))\s*")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
DIRECTIVE = re.compile(r"#(?:.*\\\n)*.*")
FIELD = re.compile(r"(?P<comment>/\*.*?\*/)"
                   r"|(?P<member>[^;,/]*[^;,/\s][;,]?)(?P<behind> +/\*.*?\*/)?", re.DOTALL)
# Between declarations: what is no declaration that a user sees.
NOISE = re.compile(r"\s+|FASTENERS_(BEGIN|END)_DECLS|FASTENERS_\w+_\([^)]*\)")


@dataclasses.dataclass
class Declaration:
    kind: str  # function, macro, struct, enum or type
    name: str
    text: str  # as it stands in the header, without attributes
    line: int


@dataclasses.dataclass
class Group:
    comment: str
    line: int
    declarations: list

    @property
    def blocks(self):
        return comments.blocks_of(comments.text_of(self.comment)) if self.comment else []


def statement_end(text, at):
    """Where the declaration or definition that begins at `at` ends."""
    depth = 0
    for match in re.compile(r"/\*.*?\*/|[{};]|^#.*$", re.DOTALL | re.MULTILINE).finditer(text, at):
        if match[0] == "{":
            depth += 1
        elif match[0] == "}":
            depth -= 1
            inline = "static inline" in text[at:match.start()]
            if depth == 0 and inline:
                return match.end()
        elif match[0] == ";" and depth == 0:
            return match.end()
    raise ValueError(f"no end: {text[at:at + 60]}")


def declaration_of(text, line):
    text = ATTRIBUTES.sub("", text).strip()
    bare = COMMENT.sub(" ", text)
    if match := re.match(r"typedef (struct|enum) \w+ \{.*\}.*?(\w+);", bare, re.DOTALL):
        return Declaration(match[1], match[2], text, line)
    if match := re.match(r"typedef .*?\(\*(\w+)\)", bare, re.DOTALL):
        return Declaration("type", match[1], text, line)
    if match := re.match(r"typedef .*?(\w+);", bare, re.DOTALL):
        return Declaration("type", match[1], text, line)
    if match := re.match(r"[^({]*?(\w+)\(", bare):
        text = re.sub(r"\s*\{.*", ";", text, flags=re.DOTALL)
        return Declaration("function", match[1], " ".join(text.split()), line)
    raise ValueError(f"no declaration: {text}")


def for_c(text):
    """The header as GCC sees it in C: with what is for others, and every #if, an empty line."""
    lines, kept = [], [True]
    for line in text.split("\n"):
        if re.match(r"#if", line):
            kept.append(kept[-1] and "__cplusplus" not in line)
        elif re.match(r"#el", line):
            kept[-1] = kept[-2] and not kept[-1]
        elif re.match(r"#endif", line):
            kept.pop()
        lines.append("" if re.match(r"#(if|el|endif)", line) or not kept[-1] else line)
    return "\n".join(lines)


def groups_of(text):
    """The groups of a header in C, in their order. One without declarations is an overview."""
    text, groups, at = for_c(text), [Group("", 1, [])], 0
    while at < len(text):
        line = text.count("\n", 0, at) + 1
        if match := NOISE.match(text, at):
            at = match.end()
        elif match := COMMENT.match(text, at):
            if "SPDX-License" not in match[0]:
                groups.append(Group(match[0], line, []))
            at = match.end()
        elif match := DIRECTIVE.match(text, at):
            if macro := re.match(r"#define (\w+)(\([^)]*\))?", match[0]):
                groups[-1].declarations.append(
                    Declaration("macro", macro[1], macro[1] + (macro[2] or ""), line))
            at = match.end()
        else:
            end = statement_end(text, at)
            groups[-1].declarations.append(declaration_of(text[at:end], line))
            at = end
    for group in groups:
        seen = set()
        group.declarations = [
            one for one in group.declarations
            if not one.name.endswith("_") and not one.name.endswith("_H")
            and one.name not in seen and not seen.add(one.name)]
    return [group for group in groups if group.comment or group.declarations]


@dataclasses.dataclass
class Field:
    """Members of a struct, or constants of an enum, and what is said of them together."""
    members: list
    blocks: list


def fields_of(declaration):
    """A comment behind a member is of that one; any other one is of all members that follow it."""
    body = declaration.text[declaration.text.index("{") + 1:declaration.text.rindex("}")]
    fields, before = [], False
    for match in FIELD.finditer(body):
        if match["comment"]:
            fields.append(Field([], comments.blocks_of(comments.text_of(match["comment"]))))
            before = True
        elif member := " ".join(match["member"].strip(" \n;,").split()):
            behind = match["behind"]
            blocks = comments.blocks_of(comments.text_of(behind)) if behind else []
            if before and not blocks:
                fields[-1].members.append(member)
            else:
                fields.append(Field([member], blocks))
                before = False
    return fields
