-- Activities in courses: how many of each module, and how many of them are hidden
select m.name as module, m.visible as enabled, count(cm.id) as activities,
       coalesce(sum(case when cm.visible = 0 then 1 else 0 end), 0) as hidden,
       count(distinct cm.course) as courses
  from {modules} m
  left join {course_modules} cm on cm.module = m.id and cm.deletioninprogress = 0
 group by m.name, m.visible
 order by activities desc, m.name
