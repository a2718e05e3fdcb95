/*
 * conditions.c - reads what must hold; see conditions.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "conditions.h"

#include <errno.h>
#include <string.h>

#include "attrs.h"
#include "setting_list.h"
#include "units.h"

/* Longer ones first: `<=` begins like `<`. */
static const struct {
	const char *sign;
	enum comparison comparison;
} SIGNS[] = {
	{"<=", RL_AT_MOST}, {">=", RL_AT_LEAST}, {"==", RL_EQUAL},
	{"!=", RL_UNEQUAL}, {"<", RL_BELOW},	 {">", RL_ABOVE},
};

static bool is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Drops spaces at both ends. */
static const char *trim(const char *text, size_t *len)
{
	while (*len && *text == ' ') {
		text++;
		(*len)--;
	}
	while (*len && text[*len - 1] == ' ')
		(*len)--;
	return text;
}

static int complain(struct fmt *why, const char *text, size_t len, const char *what)
{
	return setting_list_refuse_item(why, "condition", text, len, what);
}

/* Writes the condition as it was given, without its spaces. */
static void keep_text(struct condition *c, const char *name, const char *sign, const char *value, size_t len)
{
	struct fmt f = FMT_INIT(c->text);

	fmt_strn(&f, name, c->field_len);
	fmt_str(&f, sign);
	fmt_strn(&f, value, len);
}

static int parse_one(struct condition *c, const char *text, size_t len, struct fmt *why)
{
	const char *name = trim(text, &len), *value;
	size_t name_len = 0, sign = 0, value_len;
	size_t rest_len;
	const char *rest;

	if (!len)
		return complain(why, text, len, "is empty; give one as in fds<=64");
	while (name_len < len && is_name_character(name[name_len]))
		name_len++;
	rest_len = len - name_len;
	rest = trim(name + name_len, &rest_len);
	while (sign < RL_ARRAY_LEN(SIGNS) && (strlen(SIGNS[sign].sign) > rest_len ||
					      memcmp(SIGNS[sign].sign, rest, strlen(SIGNS[sign].sign)) != 0))
		sign++;
	if (!name_len || sign == RL_ARRAY_LEN(SIGNS))
		return complain(why, name, len, "is not a name and a comparison; give one as in VmSwap<=10M");
	value_len = rest_len - strlen(SIGNS[sign].sign);
	value = trim(rest + strlen(SIGNS[sign].sign), &value_len);
	if (units_size(value, value_len, &c->value))
		return complain(why, name, len, "has a value that is no number; give one as in VmSwap<=10M");
	if (name_len + strlen(SIGNS[sign].sign) + value_len >= sizeof(c->text))
		return complain(why, name, len, "is too long");
	c->field_len = (uint32_t)name_len;
	c->comparison = SIGNS[sign].comparison;
	keep_text(c, name, SIGNS[sign].sign, value, value_len);
	return 0;
}

int conditions_parse(struct conditions *conditions, const char *text, size_t len, struct fmt *why)
{
	memset(conditions, 0, sizeof(*conditions));
	for (;;) {
		size_t one_len = setting_list_item(text, len, ';');

		if (conditions->count == RL_CONDITIONS_MAX)
			return setting_list_refuse_more(why, RL_CONDITIONS_MAX, "conditions");
		if (parse_one(&conditions->condition[conditions->count], text, one_len, why))
			return -EINVAL;
		conditions->count++;
		if (one_len == len)
			return 0;
		text += one_len + 1;
		len -= one_len + 1;
	}
}

bool condition_holds(const struct condition *condition, int64_t found)
{
	switch ((enum comparison)condition->comparison) {
	case RL_AT_MOST:
		return found <= condition->value;
	case RL_AT_LEAST:
		return found >= condition->value;
	case RL_BELOW:
		return found < condition->value;
	case RL_ABOVE:
		return found > condition->value;
	case RL_EQUAL:
		return found == condition->value;
	default:
		return found != condition->value;
	}
}

bool condition_is_about(const struct condition *condition, const char *field, size_t len)
{
	return condition->field_len == len && !memcmp(condition->text, field, len);
}
