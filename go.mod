module cloudlet

go 1.26.0
