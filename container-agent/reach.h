/*
 * Whether the cluster's API server can be reached from here: what a network policy that denies everything must prevent. The variables that Kubernetes puts into
 * every container say where it is. Exit statuses: 0 it answers (a refusal is an answer), 1 it does not, 2 nobody says where it is.
 */
#ifndef ASSAY_REACH_H
#define ASSAY_REACH_H
int reach(void);
#endif
