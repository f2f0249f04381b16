/* SPDX-License-Identifier: MIT */
/* The figures of a scope, by name: each is computed in one place (figures.def), and all reports take it from there. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "echoprobe/result.h"

/* FIGURE_packets_sent and so on, in the order of figures.def. */
enum figure {
#define GROUP(group, form)
#define FIGURE(group, name, kind, value) FIGURE_##group##_##name,
#include "echoprobe/figures.def"
#undef FIGURE
#undef GROUP
	FIGURES_N
};

enum figure_group {
#define GROUP(group, form) FIGURE_GROUP_##group,
#define FIGURE(group, name, kind, value)
#include "echoprobe/figures.def"
#undef FIGURE
#undef GROUP
	FIGURE_GROUPS_N
};

enum figure_form { FIGURE_OBJECT, FIGURE_IF_EXPECTED, FIGURE_ARRAY, FIGURE_MEMBERS };
enum figure_kind { FIGURE_COUNT, FIGURE_NS, FIGURE_RATIO };

struct figure_row {
	const char *name;
	enum figure_group group;
	enum figure_kind kind;
};

struct figure_group_row {
	const char *name;
	enum figure_form form;
};

extern const struct figure_row figures[FIGURES_N];
extern const struct figure_group_row figure_groups[FIGURE_GROUPS_N];

struct figure_value {
	bool known;
	int64_t whole; /* FIGURE_COUNT, FIGURE_NS             */
	double ratio;  /* FIGURE_RATIO: 0 to 1                */
};

/* figure is below FIGURES_N. */
struct figure_value figures_get(enum figure figure, const struct result_scope *s);

/* The loss of thresholds and monitoring: (lost + late) / sent; not known while nothing was sent, or where nothing is
 * answered. */
struct figure_value figures_missed(const struct result_scope *s);
